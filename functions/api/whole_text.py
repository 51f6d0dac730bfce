"""Bodies that can be read, and neither kept nor told: JSON knows half characters, UTF-8 does not."""

import json

__all__ = ["is_whole_text"]


def is_whole_text(body: bytes) -> bool:
    """False for JSON with a surrogate that stands alone (`"\\ud800"`, RFC 8259 section 8.2). What is no JSON
    at all is for its route to tell."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return True
