from whosaw.drill.dice import dice


def test_the_same_seed_and_part_draw_the_same():
    assert dice(3, "portal").getrandbits(64) == dice(3, "portal").getrandbits(64)


def test_parts_and_seeds_draw_apart():
    assert len({dice(seed, part).getrandbits(64) for seed in (1, 11) for part in ("portal", "crm", "1/crm")}) == 6
