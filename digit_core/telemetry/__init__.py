"""What happens in the app and beside it: events for the log, figures for monitoring."""
