"""What people drew, what was predicted, and what they said it is."""
