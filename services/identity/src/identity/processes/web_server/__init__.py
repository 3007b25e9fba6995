"""The web server (`identity serve`): the Flask application in gunicorn."""
