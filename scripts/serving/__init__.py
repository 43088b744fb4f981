"""What scripts/serve.py starts beside the app: nginx, PostgreSQL; and what keeps it all running."""
