"""Promises about answers, from images that a user has judged."""
