"""The emoji short codes the page draws; others are shown as they are typed."""

import re

EMOJI = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "eyes": "👀", "tada": "🎉", "fire": "🔥",
    "rotating_light": "🚨", "warning": "⚠️", "white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌",
    "no_entry": "⛔", "no_entry_sign": "🚫", "question": "❓", "exclamation": "❗", "bulb": "💡", "stopwatch": "⏱️",
    "pushpin": "📌", "star": "⭐", "ballot_box_with_check": "☑️", "hourglass": "⌛", "hourglass_flowing_sand": "⏳",
    "rocket": "🚀", "bug": "🐛", "wrench": "🔧", "hammer_and_wrench": "🛠️", "gear": "⚙️", "lock": "🔒", "key": "🔑",
    "bell": "🔔", "no_bell": "🔕", "mag": "🔍", "memo": "📝", "book": "📖", "books": "📚", "link": "🔗", "package": "📦",
    "chart_with_upwards_trend": "📈", "chart_with_downwards_trend": "📉", "bar_chart": "📊", "calendar": "📅",
    "clock1": "🕐", "arrow_up": "⬆️", "arrow_down": "⬇️", "arrow_right": "➡️", "arrow_left": "⬅️",
    "arrows_counterclockwise": "🔄", "rewind": "⏪", "double_vertical_bar": "⏸️", "red_circle": "🔴",
    "large_orange_circle": "🟠", "large_yellow_circle": "🟡", "large_green_circle": "🟢", "large_blue_circle": "🔵",
    "white_circle": "⚪", "black_circle": "⚫", "large_orange_diamond": "🔶", "small_blue_diamond": "🔹",
    "smile": "😄", "slightly_smiling_face": "🙂", "sweat_smile": "😅", "joy": "😂", "thinking_face": "🤔",
    "disappointed": "😞", "scream": "😱", "pray": "🙏", "clap": "👏", "raised_hands": "🙌", "wave": "👋", "muscle": "💪",
    "ok_hand": "👌", "point_right": "👉", "heart": "❤️", "zap": "⚡", "boom": "💥", "robot_face": "🤖", "speech_balloon": "💬",
    "busts_in_silhouette": "👥", "shield": "🛡️", "ambulance": "🚑", "fire_engine": "🚒", "checkered_flag": "🏁",
    "dart": "🎯", "seedling": "🌱", "coffee": "☕", "telephone_receiver": "📞", "pager": "📟", "computer": "💻",
    "file_folder": "📁", "page_facing_up": "📄", "mega": "📣", "loudspeaker": "📢", "information_source": "ℹ️",
    "bookmark": "🔖", "label": "🏷️", "100": "💯", "see_no_evil": "🙈", "brain": "🧠", "compass": "🧭", "test_tube": "🧪",
}  # fmt: skip
SHORT_CODE = re.compile(r":([a-z0-9_+-]+)(?:::skin-tone-[2-6])?:")


def drawn(name: str) -> str:
    """The emoji itself, or its short code in colons when it is not known."""
    return EMOJI.get(name.partition("::")[0], f":{name}:")


def with_emoji(text: str) -> str:
    """The text with every known short code drawn."""
    return SHORT_CODE.sub(lambda match: EMOJI.get(match[1], match[0]), text)
