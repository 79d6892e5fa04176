"""The studio: a service that makes and repairs ECG, and its page in the browser."""
