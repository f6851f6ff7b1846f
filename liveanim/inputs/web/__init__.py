"""The web remote, the JSON API and OSCQuery: one port, one thread with its own event loop."""
