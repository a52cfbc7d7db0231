"""What callers may write to deceive a reader, and what a reader's program would act upon.

The patterns are written from what Slack, Teams, mail programs and browsers do, not from the escaping.
"""

from __future__ import annotations

import re
from typing import Final

from hypothesis import strategies as st

PIECES: Final = (
    *(
        "<!channel>",
        "<!here|here>",
        "<@U012AB3CD>",
        "<#C012AB3CD>",
        "@here",
        "@channel",
        "<at>everyone</at>",
        "#general",
    ),
    *("http://", "https://", "HTTP://", "slack://", "www.", "evil.com", "evil\u3002com", "evil\uff0ecom", "://", "."),
    *(
        "mailto:m@evil.com",
        "<http://evil.com|AWS>",
        "[AWS](http://evil.com)",
        "[x]: http://evil.com",
        "![x](//evil.com)",
    ),
    *("`", "```", "*b*", "_i_", "~s~", "> ", "- ", "\\", "|", "&lt;!channel&gt;", "&amp;", "[", "]", "](", "(", ")"),
    *("\n", "\r\n", "\u2028", "\x85", "\x00", "\x1b[31m", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad"),
    *(
        "\uff1a\uff0f\uff0f",
        "\uff1c!channel\uff1e",
        "\uff20here",
        "\ufe64",
        "\ufe6b",
        "\u2024com",
        "\U0001f600",
    ),
    *(
        "<script>alert(1)</script>",
        "</title></style></script>",
        '"><img src=x onerror=alert(1)>',
        "' autofocus onfocus='alert(1)",
        "javascript:alert(1)",
        "&#60;b&#62;",
        "<!--",
        "]]>",
        "{{ 7 * 7 }}",
        "{% raw %}",
    ),
    *("'", '"', "$(reboot)", "; reboot", "a", "com", "1", "3389", " "),
)

# A lone surrogate never gets here: core.events replaces it where the event is read, which has a test of its own.
NO_SURROGATES = st.characters(exclude_categories=["Cs"])
hostile_texts: st.SearchStrategy[str] = st.lists(
    st.sampled_from(PIECES) | st.text(NO_SURROGATES, max_size=3), max_size=12
).map("".join)

# A scheme, www., or a name with a top-level domain; a tag that mentions or links.
ACTIVE_IN_TEXT: Final = re.compile(r"\w://|\bwww\.|[\w-][.\u3002\uff0e\uff61][^\W\d_]|<[!@#/\w]", re.IGNORECASE)
# In chat also: a name after @ or #, a Markdown link or image, an entity, formatting, a quotation.
ACTIVE_IN_CHAT: Final = re.compile(
    ACTIVE_IN_TEXT.pattern + r"|[@#]\w|\]\(|\]\[|\]:|&\w+;|[*~`<>&]|(?<![^\W_])_|_(?![^\W_])", re.IGNORECASE
)
