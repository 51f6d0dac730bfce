"""The console: pages that a trader keeps open. They show; whatever is done goes by the routes below /api."""
