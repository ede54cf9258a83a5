"""The pages people open in a browser: what they show, their templates and their static files."""
