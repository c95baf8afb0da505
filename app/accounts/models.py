"""People who work at the desk. Flask-Security's mixins give the methods it expects."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, pk
from app.sections.models import Section


class RoleName(StrEnum):
    """What somebody may do at the desk."""

    ORGANISER = "organiser"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"


account_role = Table(
    "account_role",
    Base.metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A name for a set of things one may do."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    # The mixins declare plain attributes where we have columns; they read them the same way.
    permissions: Mapped[str | None]  # type: ignore[assignment]


class Account(Base, UserMixin):
    """Somebody who signs in."""

    __tablename__ = "account"

    id: Mapped[pk]  # type: ignore[assignment]
    section_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("section.id"))
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]

    section: Mapped[Section] = relationship()
    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]
        secondary=account_role, lazy="selectin"
    )

    def may_be(self, role: RoleName) -> bool:
        return any(held.name == role for held in self.roles)
