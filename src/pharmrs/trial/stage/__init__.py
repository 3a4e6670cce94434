"""What `pharmrs analyse` and `pharmrs power` do."""
