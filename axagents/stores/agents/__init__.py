"""What agents said, did and asked leave for."""
