"""Small synthetic forums for tests, made of the demonstration forum's own dataclasses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from demo.model import Category, Forum, Paragraph, Post, Thread, User

START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
CATEGORY = Category(5, "general", "General", "0E76BD")
ADA, BEN = User(101, "ada"), User(102, "ben")


def small_forum(sizes: dict[int, int], *, title: str = "Thread {id} about opting out") -> Forum:
    """A forum with threads of so many posts each: `{topic id: posts}`, two users, one category."""
    serial, threads = 50_001, []
    for topic_id, size in sizes.items():
        opened = START + timedelta(days=topic_id % 50)
        posts = []
        for number in range(1, size + 1):
            text = f"Post {number} of thread {topic_id}: they switched it on, and nobody was told. :sigh:"
            by = ADA if number % 2 else BEN
            posts.append(Post(serial, number, by, opened + timedelta(minutes=number), (Paragraph("p", text),)))
            serial += 1
        name = title.format(id=topic_id)
        threads.append(Thread(topic_id, f"thread-{topic_id}", name, CATEGORY, "none", "none", tuple(posts)))
    return Forum(
        title="A small test forum (synthetic)",
        description="Synthetic",
        address="https://small.example",
        clock=datetime(2024, 6, 1, tzinfo=UTC),
        later=datetime(2024, 9, 1, tzinfo=UTC),
        vanished="https://gone.example/forums",
        categories=(CATEGORY,),
        users={"ada": ADA, "ben": BEN},
        threads=tuple(threads),
    )
