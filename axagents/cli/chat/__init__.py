"""`ax chat`: talk with the personas."""
