"""What can go wrong, by what the person in front of it can do.

    ArchiveError                       exit code
      InputError                            2   a wrong argument; a file or a thread that does not exist; a file that is broken or holds nothing usable
      IncompleteError                       3   the crawl ended, but something is missing without an explanation
      UnreachableError                      4   the host does not answer at all
      RefusedError                          5   the host answers, and says no (robots.txt, login, challenge)
      LockedError                           6   another optout is writing to this archive
      DamagedError                          7   the archive contradicts itself
      DataFileError                         8   a file in data/ (taxonomy, sites, demonstration) has a mistake

0 is success, 1 is a bug in the program, 130 is an interruption by the user (Ctrl-C).
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Base of every error that this program raises on purpose; `exit_code` tells classes of trouble apart."""

    exit_code = 1


class InputError(ArchiveError):
    """An argument, or what it names, cannot be used. Retrying does not help; another argument does."""

    exit_code = 2


class IncompleteError(ArchiveError):
    """The work ended and what came is saved, but part of what the source listed is missing and unexplained.

    Running the same command again asks for the missing part only.
    """

    exit_code = 3


class UnreachableError(ArchiveError):
    """A host does not answer: no address, no connection, or only errors. Retrying later may help."""

    exit_code = 4


class RefusedError(ArchiveError):
    """A host answers and refuses: robots.txt, a login page, a challenge for browsers. Retrying does not help."""

    exit_code = 5


class LockedError(ArchiveError):
    """Another process holds the write lock of the archive. Waiting helps."""

    exit_code = 6


class DamagedError(ArchiveError):
    """WARC files and database contradict each other, or a file cannot be read. Nothing was changed."""

    exit_code = 7


class DataFileError(ArchiveError):
    """A file that people edit has a mistake. The message says file, line, what is wrong and how to mend it."""

    exit_code = 8
