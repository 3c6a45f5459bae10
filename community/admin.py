"""Accounts, the audit trail and the threads for those who may see them; the wall holds here too."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import ForeignKey, ManyToManyField, QuerySet
from django.forms import ModelChoiceField, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from community import actions
from community.models import AuditEvent, Feedback, User
from community.roles import BY_GROUP, NOTHING, OVERSIGHT, Permission, reach_of
from incidents.models import Area

# Roles are groups by name; whoever could rename a group could name their own "Oversight".
admin.site.unregister(Group)


def _sees_all_of(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and OVERSIGHT in request.user.roles


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Accounts. Roles go through ``actions.set_roles``, which keeps the wall and writes the audit row."""

    list_display = ("username", "first_name", "last_name", "district", "is_active", "is_staff")
    list_filter = ("is_active", "groups")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "district")}),
        (_("Roles"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what somebody did stays theirs; switch the account off instead

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody resets the password of an account that sees or may do more than their own."""
        if obj is not None and obj.pk != request.user.pk:
            if OVERSIGHT in obj.appointed_roles and not _sees_all_of(request):
                return False
            if obj.is_superuser and not request.user.is_superuser:
                return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ("is_superuser",)
        if obj is not None and obj.pk == request.user.pk:
            fields += ("groups",)
        return fields

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        if db_field.name == "district":
            kwargs["queryset"] = Area.objects.filter(kind=Area.Kind.DISTRICT).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField | None:
        if db_field.name == "groups" and not _sees_all_of(request):
            kwargs["queryset"] = Group.objects.exclude(name=OVERSIGHT.group)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool
    ) -> None:
        groups = form.cleaned_data.pop("groups", None)
        super().save_related(request, form, formsets, change)
        if groups is None:
            return
        roles = {BY_GROUP[group.name] for group in groups if group.name in BY_GROUP}
        user, by = form.instance, request.user
        assert isinstance(by, User)
        if not _sees_all_of(request):
            roles |= user.appointed_roles & {OVERSIGHT}
        try:
            actions.set_roles(user=user, roles=roles, by=by, now=timezone.now())
        except actions.Refused as refusal:
            messages.error(request, str(refusal))


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and self.may_look(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def may_look(self, user: User) -> bool:
        """From the roles alone: being a superuser is none."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows: QuerySet = self.model._default_manager.visible_to(request.user)
        return rows


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """Threads, as far as the roles reach. The desk searches words: here they would stand in an address."""

    list_display = ("id", "kind", "topic", "desk", "district", "state", "created_at", "due_at")
    list_filter = ("kind", "state", "desk")
    list_select_related = ("district",)
    exclude = ("receipt_hash",)
    date_hierarchy = "created_at"

    def may_look(self, user: User) -> bool:
        return reach_of(user.roles) != NOTHING


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, when."""

    list_display = ("occurred_at", "actor", "actor_roles", "action", "subject", "feedback_uuid")
    list_filter = ("action",)
    search_fields = ("actor", "subject")
    date_hierarchy = "occurred_at"
    ordering = ("-occurred_at",)

    def may_look(self, user: User) -> bool:
        return user.may(Permission.READ_AUDIT)
