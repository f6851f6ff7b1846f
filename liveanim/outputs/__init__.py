"""The rim on the way out: Blend -> light and files. The only place with GL and encoders."""
