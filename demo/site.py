"""What a forum tells of itself: ``/site.json``, ``/categories.json`` and ``/robots.txt``.

Fields follow SiteSerializer and CategoryDetailedSerializer of discourse/discourse; the numbers of
notification types, post types and trust levels are Discourse's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from demo.answers import Json, Source, TopicNow, read_stamp, top_tags
from demo.model import Category

_NOTIFICATIONS = (
    "mentioned replied quoted edited liked private_message invited_to_private_message invitee_accepted "
    "posted moved_post linked granted_badge invited_to_topic custom group_mentioned group_message_summary "
    "watching_first_post topic_reminder liked_consolidated post_approved code_review_commit_approved "
    "membership_request_accepted membership_request_consolidated bookmark_reminder reaction votes_released "
    "event_reminder event_invitation chat_mention chat_message chat_invitation chat_group_mention "
    "chat_quoted assigned question_answer_user_commented watching_category_or_tag new_features "
    "admin_problems linked_consolidated chat_watched_thread"
).split()
_PERIODS = ["all", "yearly", "quarterly", "monthly", "weekly", "daily"]

_ROBOTS_PAGE = "http://www.robotstxt.org/robotstxt.html"
# RobotsTxtController: DISALLOWED_PATHS and DISALLOWED_WITH_HEADER_PATHS.
_DISALLOWED = (
    "/admin/",
    "/auth/",
    "/assets/browser-update*.js",
    "/email/",
    "/search",
    "/session",
    "/user-api-key",
    "/*?api_key*",
    "/*?*api_key*",
)
_DISALLOWED_WITH_HEADER = ("/badges", "/my", "/tag/*/l", "/g", "/t/*/*.rss", "/c/*.rss")


def robots_txt() -> str:
    """The robots.txt of a Discourse that was not configured otherwise."""
    return "\n".join(
        [
            f"# See {_ROBOTS_PAGE} for documentation on how to use the robots.txt file",
            "",
            "User-agent: *",
            *(f"Disallow: {path}" for path in (*_DISALLOWED, *_DISALLOWED_WITH_HEADER)),
            "",
            "User-agent: Googlebot",
            *(f"Disallow: {path}" for path in _DISALLOWED),
            "",
        ]
    )


def site_json(source: Source, now: datetime) -> Json:
    """``/site.json`` for an anonymous reader."""
    topics = source.topics(now)
    return {
        "default_archetype": "regular",
        "notification_types": {name: number for number, name in enumerate(_NOTIFICATIONS, 1)},
        "post_types": {"regular": 1, "moderator_action": 2, "small_action": 3, "whisper": 4},
        "trust_levels": {"newuser": 0, "basic": 1, "member": 2, "regular": 3, "leader": 4},
        "groups": [
            {"id": number, "name": name, "flair_url": None, "flair_bg_color": None, "flair_color": None}
            for number, name in ((0, "everyone"), (1, "admins"), (2, "moderators"), (3, "staff"))
        ],
        "filters": ["latest", "unread", "new", "unseen", "top", "read", "posted", "bookmarks", "hot"],
        "periods": _PERIODS,
        "top_menu_items": [
            "latest",
            "new",
            "unread",
            "hot",
            "categories",
            "top",
            "read",
            "posted",
            "bookmarks",
        ],
        "anonymous_top_menu_items": ["latest", "hot", "categories", "top"],
        "uncategorized_category_id": 1,
        "user_field_max_length": 2048,
        "post_action_types": [
            _flag(2, "like", "Like", is_flag=False),
            _flag(8, "spam", "It's Spam", is_flag=True),
        ],
        "topic_flag_types": [_flag(8, "spam", "It's Spam", is_flag=True)],
        "can_create_tag": False,
        "can_tag_topics": False,
        "can_tag_pms": False,
        "tags_filter_regexp": "[\\/\\?#\\[\\]@!\\$&'\\(\\)\\*\\+,;=\\.%\\\\`^\\s|\\{\\}\"<>]+",
        "top_tags": top_tags(topics),
        "topic_featured_link_allowed_category_ids": [],
        "user_themes": [],
        "user_color_schemes": [],
        "default_dark_color_scheme": None,
        "censored_regexp": [],
        "custom_emoji_translation": {},
        "watched_words_replace": None,
        "watched_words_link": None,
        "categories": [_category(category, place, topics) for place, category in enumerate(source.categories())],
        "markdown_additional_options": {},
        "hashtag_configurations": {},
        "hashtag_icons": {},
        "displayed_about_plugin_stat_groups": [],
        "anonymous_sidebar_sections": [],
        "archetypes": [{"id": "regular", "name": "Regular Topic", "options": []}],
        "user_fields": [],
        "auth_providers": [],
        "full_name_required_for_signup": False,
        "full_name_visible_in_signup": True,
    }


def categories_json(source: Source, now: datetime) -> Json:
    """``/categories.json`` for an anonymous reader."""
    topics = source.topics(now)
    categories = []
    for place, category in enumerate(source.categories()):
        mine = [topic for topic in topics if topic.category_id == category.id]
        ages = [now - read_stamp(topic.created_at) for topic in mine]
        site_only = (
            "allowed_tags",
            "allowed_tag_groups",
            "allow_global_tags",
            "required_tag_groups",
            "read_only_banner",
            "form_template_ids",
        )
        detailed = {key: value for key, value in _category(category, place, topics).items() if key not in site_only}
        detailed |= {
            f"topics_{name}": sum(age < timedelta(days=days) for age in ages)
            for name, days in (("day", 1), ("week", 7), ("month", 30), ("year", 365))
        }
        detailed |= {"topics_all_time": len(mine), "is_uncategorized": False, "subcategory_ids": []}
        categories.append(detailed)
    return {"category_list": {"can_create_category": False, "can_create_topic": False, "categories": categories}}


def _flag(number: int, key: str, name: str, *, is_flag: bool) -> Json:
    return {
        "id": number,
        "name_key": key,
        "name": name,
        "description": name,
        "short_description": name,
        "is_flag": is_flag,
        "require_message": False,
        "enabled": True,
        "applies_to": ["Post", "Topic"],
        "is_used": False,
        "position": number,
        "auto_action_type": is_flag,
    }


def _category(category: Category, place: int, topics: Sequence[TopicNow]) -> Json:
    mine = [topic for topic in topics if topic.category_id == category.id]
    return {
        "id": category.id,
        "name": category.name,
        "color": category.color,
        "text_color": "FFFFFF",
        "slug": category.slug,
        "topic_count": len(mine),
        "post_count": sum(len(topic.posts) for topic in mine),
        "position": place,
        "description": None,
        "description_text": None,
        "description_excerpt": None,
        "topic_url": None,
        "read_restricted": False,
        "permission": None,
        "notification_level": 1,
        "topic_template": None,
        "has_children": False,
        "subcategory_count": 0,
        "sort_order": None,
        "sort_ascending": None,
        "show_subcategory_list": False,
        "num_featured_topics": 3,
        "default_view": None,
        "subcategory_list_style": "rows_with_featured_topics",
        "default_top_period": "all",
        "default_list_filter": "all",
        "minimum_required_tags": 0,
        "navigate_to_first_post_after_read": False,
        "allowed_tags": [],
        "allowed_tag_groups": [],
        "allow_global_tags": False,
        "required_tag_groups": [],
        "read_only_banner": None,
        "uploaded_logo": None,
        "uploaded_logo_dark": None,
        "uploaded_background": None,
        "uploaded_background_dark": None,
        "can_edit": False,
        "custom_fields": {},
        "form_template_ids": [],
    }
