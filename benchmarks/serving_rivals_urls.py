"""The plain rival's model, view set and addresses."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import filters, routers, serializers, viewsets


class Incident(models.Model):
    public_id = models.CharField(max_length=24)
    category = models.CharField(max_length=32)
    precision = models.CharField(max_length=8)
    place_code = models.CharField(max_length=96)
    cell_code = models.CharField(max_length=96)
    district = models.CharField(max_length=80)
    beat = models.CharField(max_length=80)
    period = models.CharField(max_length=24)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    stands_for_addresses = models.IntegerField(null=True)

    class Meta:
        app_label = "plain"
        managed = False
        db_table = "plain_incident"

    def __str__(self) -> str:
        return self.public_id


class IncidentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Incident
        exclude = ("id",)


class ByColumns(filters.BaseFilterBackend):
    """As django-filter would: every parameter is a condition."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        asked = {k: v for k, v in request.query_params.items() if k not in ("limit", "offset")}
        return queryset.filter(**asked)


class Incidents(viewsets.ReadOnlyModelViewSet):
    queryset = Incident.objects.order_by("-starts_at", "public_id")
    serializer_class = IncidentSerializer
    filter_backends = (ByColumns,)


router = routers.SimpleRouter()
router.register("incidents", Incidents)
urlpatterns = router.urls
