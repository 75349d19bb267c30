"""Rows that SQLAlchemy loads in a request are noted for whose they are."""

import pytest
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, defer, mapped_column, relationship

from whosaw.middleware.note import Notebook, opened
from whosaw.middleware.sqlalchemy import note_loads


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    number: Mapped[str] = mapped_column(primary_key=True)
    bills: Mapped[list["Bill"]] = relationship(back_populates="customer")


class Bill(Base):
    __tablename__ = "bill"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("customer.number"))
    kind: Mapped[str]
    customer: Mapped[Customer] = relationship(back_populates="bills")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "bill"}  # noqa: RUF012


class Reminder(Bill):
    __mapper_args__ = {"polymorphic_identity": "reminder"}  # noqa: RUF012


note_loads(Bill, "account", data="bill")
note_loads(Customer, lambda customer: customer.number)


@pytest.fixture
def session():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Customer(number="A1"), Customer(number="A2")])
        session.add_all([Bill(id=1, account="A1"), Reminder(id=2, account="A1"), Bill(id=3, account="A2")])
        session.commit()
        session.expunge_all()
        yield session
    engine.dispose()


def loaded(work):
    notebook = Notebook()
    with opened(notebook):
        work()
    return {customer: (note.loaded, note.places, note.data) for customer, note in notebook.notes.items()}


def test_a_loaded_row_is_noted_for_its_owner_also_one_of_a_class_below(session):
    found = loaded(lambda: session.scalars(select(Bill).where(Bill.account == "A1")).all())
    assert found == {"A1": (2, ["Bill"], {"bill"})}


def test_a_row_that_is_reached_through_another_is_noted(session):
    assert loaded(lambda: session.get(Bill, 3).customer) == {"A2": (2, ["Bill", "Customer"], {"bill"})}


def test_a_row_that_is_fetched_anew_is_noted_and_one_that_is_still_there_is_not(session):
    bill = session.get(Bill, 1)
    assert loaded(lambda: session.get(Bill, 1)) == {}
    session.expire(bill)
    assert loaded(lambda: bill.account) == {"A1": (1, ["Bill"], {"bill"})}


def test_an_owner_that_was_not_loaded_is_not_fetched_and_columns_alone_are_no_rows(session):
    assert loaded(lambda: session.scalars(select(Bill).options(defer(Bill.account))).all()) == {}
    assert loaded(lambda: session.execute(select(Bill.account)).all()) == {}


def test_a_new_object_is_none_that_was_loaded():
    assert loaded(lambda: Bill(id=9, account="A9")) == {}
