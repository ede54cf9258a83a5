"""The model: an OpenAI-compatible endpoint, asked through langchain and believed only as far as code can check."""
