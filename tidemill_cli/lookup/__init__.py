"""Look metrics up: what can be asked, what is answered, and how it is shown."""
