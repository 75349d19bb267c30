"""A small Django portal for tests of the middleware: logins, accounts and bills, and pages that mix them up when they are told to."""

import asyncio

import django
from django.apps import AppConfig
from django.conf import settings

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:portal?mode=memory&cache=shared"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django_portal.Config"],
        MIDDLEWARE=[
            "whosaw.middleware.django.Middleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="django_portal",
        SECRET_KEY="k",
        SESSION_ENGINE="django.contrib.sessions.backends.db",
        USE_TZ=True,
    )


class Config(AppConfig):
    name = "django_portal"
    label = "portal"


django.setup()

from django.db import connection, models  # noqa: E402 - models can be made when Django is set up
from django.http import HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from whosaw.middleware import shown  # noqa: E402


class Account(models.Model):  # noqa: DJ008 - nobody reads these
    number = models.CharField(max_length=20, primary_key=True)
    login = models.CharField(max_length=20)

    class Meta:
        app_label = "portal"


class Bill(models.Model):  # noqa: DJ008 - nobody reads these
    account = models.ForeignKey(Account, models.CASCADE)
    amount = models.IntegerField(default=0)

    class Meta:
        app_label = "portal"


class PaidBill(Bill):  # noqa: DJ008 - nobody reads these
    class Meta:
        app_label = "portal"
        proxy = True


from django.contrib.auth.models import User  # noqa: E402


def make():
    """Make the tables and fill them: each login has one account with three bills."""
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        existing = connection.introspection.table_names()
        for model in (Account, Bill):
            if model._meta.db_table not in existing:
                editor.create_model(model)
    for login, number in (("anna", "A1"), ("bert", "A2")):
        User.objects.create_user(login, password="p")
        account = Account.objects.create(number=number, login=login)
        Bill.objects.bulk_create([Bill(account=account, amount=n) for n in range(3)])


def own(request):
    return set(Account.objects.filter(login=request.user.get_username()).values_list("number", flat=True))


async def own_async(request):
    person = await request.auser()
    return {number async for number in Account.objects.filter(login=person.get_username()).values_list("number", flat=True)}


def _whose(request):
    return Account.objects.get(login=request.GET.get("as") or request.user.get_username())


def account(request):
    found = _whose(request)
    shown(found.number, data="account")
    return HttpResponse(f"account {found.number}")


def bills(request):
    return HttpResponse(",".join(str(bill.amount) for bill in Bill.objects.filter(account__login=request.GET["as"])))


def bill(request, bill):
    return HttpResponse(str(Bill.objects.get(pk=bill).amount))


def streamed(request):
    def chunks():
        yield b""
        shown(_whose(request).number)
        yield b"secret"

    return StreamingHttpResponse(chunks())


def broken(request):
    shown("A1")
    raise KeyError("x")


async def account_async(request):
    person = await request.auser()
    found = await Account.objects.aget(login=request.GET.get("as") or person.get_username())
    shown(found.number, data="account")
    return HttpResponse(f"account {found.number}")


async def streamed_async(request):
    async def chunks():
        shown(request.GET["as"])
        yield b"secret "
        await asyncio.sleep(0)
        shown(request.GET["as"], records=1)
        yield b"more"

    return StreamingHttpResponse(chunks())


urlpatterns = [
    path("account", account),
    path("bills", bills),
    path("bills/<int:bill>/", bill),
    re_path(r"^old/(\d+)$", bill),
    path("streamed", streamed),
    path("broken", broken),
    path("async/account", account_async),
    path("async/streamed", streamed_async),
]
