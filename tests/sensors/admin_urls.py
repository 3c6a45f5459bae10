"""The admin alone, with plain answers where the site has pages of its own."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponseForbidden()
