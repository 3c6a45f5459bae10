from drf_spectacular.openapi import AutoSchema


class DoorSchema(AutoSchema):
    pass
