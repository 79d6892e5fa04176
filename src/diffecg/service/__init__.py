"""The studio: an HTTP service for the tasks, and its page in the browser."""
