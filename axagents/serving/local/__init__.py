"""Deployments on this machine: what should run, and the supervisor that keeps it running."""
