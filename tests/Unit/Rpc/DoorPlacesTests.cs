using System.Net;
using CsCheck;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>
/// docs/PROTOCOL.md, "Fair shares": who has a place at the door. Method: everything in the test's order, no clock, no request; a twin that
/// keeps one list and counts it anew at each step.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DoorPlacesTests
{
    private readonly List<string> _gone = [];

    [Test]
    public void OneAddressFillsThePlacesOfThoseThatHaveShownNothing_AnotherComesIn_AndItsOldestEnds()
    {
        var places = new DoorPlaces(8);
        for (int i = 0; i < 5; i++)
            Enter(places, 1, $"stranger {i}");
        Enter(places, 2, "clerk");
        Enter(places, 1, "stranger 5");
        Assert.That(_gone, Is.EqualTo((string[])["stranger 0", "stranger 1", "stranger 2"]));
    }

    [Test]
    public void AsManyAddressesAsPlaces_TheOldestEnds_SoThatNobodyStaysWithoutShowingAnything()
    {
        var places = new DoorPlaces(4);
        for (int i = 0; i < 4; i++)
            Enter(places, i, $"{i}");
        Assert.That(_gone, Is.EqualTo((string[])["0", "1"]));
    }

    [Test]
    public void OneDepartmentHasAllPlacesOfDepartments_AnotherHasItsPart_AndNothingOfTheFirstEndsForIt()
    {
        var places = new DoorPlaces(16);
        DoorPlace[] land = [.. Enumerable.Range(0, 8).Select(i => Proven(places, i, "land"))];
        DoorPlace[] tax = [.. Enumerable.Range(0, 6).Select(_ => Proven(places, 100, "tax"))];
        Assert.That(tax.Select(static p => p.Department), Is.EqualTo((string?[])["tax", "tax", "tax", "tax", null, null]));
        Assert.That(land.Count(static p => p.Department == "land"), Is.EqualTo(4));
        Assert.That(land[..4].Select(static p => p.Department), Is.All.EqualTo("land"), "its youngest lose");
        Assert.That(_gone, Is.Empty);
    }

    [Test]
    public void WhatNobodyHasShownToBeADepartments_TakesNoneOfItsPlaces()
    {
        var places = new DoorPlaces(8);
        DoorPlace clerk = Proven(places, 1, "land");
        for (int i = 0; i < 100; i++)
            Enter(places, i % 7, $"{i}");
        Assert.That((clerk.Department, clerk.IsGone), Is.EqualTo(("land", false)));
        Assert.That(Proven(places, 2, "land").Department, Is.EqualTo("land"));
    }

    [Test]
    public void Place_LostAmongTheDepartments_ComesBackWithTheNextTransactionWhenThereIsRoom()
    {
        var places = new DoorPlaces(4);
        DoorPlace first = Proven(places, 1, "land"), second = Proven(places, 2, "land"), tax = Proven(places, 3, "tax");
        Assert.That((first.Department, second.Department), Is.EqualTo(("land", (string?)null)));
        second.Prove("land");
        Assert.That(second.Department, Is.Null, "land has most already");
        tax.Dispose();
        second.Prove("land");
        Assert.That(second.Department, Is.EqualTo("land"));
    }

    [Test]
    public void WhoeverComesAndGoes_TheTwinHasTheSamePlaces_AndNobodyLosesHisPartOfThem() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        int max = random.Next(2, 24), departments = random.Next(1, 5), addresses = random.Next(1, 8);
        var places = new DoorPlaces(max);
        var twin = new Twin(max - max / 2, max / 2);
        var all = new List<(DoorPlace Place, Twin.Row Row)>();
        for (int step = 0; step < 200; step++)
        {
            int chosen = random.Next(all.Count + 1);
            switch (random.Next(5))
            {
                case 0 when chosen < all.Count:
                    all[chosen].Place.Dispose();
                    twin.Leave(all[chosen].Row);
                    break;
                case 1 or 2 when chosen < all.Count:
                    string department = $"d{random.Next(departments)}";
                    (DoorPlace Place, Twin.Row Row)[] safe = [.. all.Where(p => !p.Place.IsGone && p.Place.Department is { } d
                        && all.Count(o => o.Row.Department == d) <= max / 2 / departments)];
                    all[chosen].Place.Prove(department);
                    twin.Prove(all[chosen].Row, department);
                    Assert.That(safe.Select(static p => p.Place.Department), Is.All.Not.Null, $"seed {seed}, step {step}: less than its part");
                    break;
                case 3 or 4:
                    int address = random.Next(addresses);
                    all.Add((Enter(places, address, ""), twin.Enter(address)));
                    break;
            }
            int other = all.FindIndex(static p => p.Place.IsGone != p.Row.IsGone || (!p.Row.IsGone && p.Place.Department != p.Row.Department));
            Assert.That(other, Is.EqualTo(-1), $"seed {seed}, step {step}");
        }
    }, iter: 200, threads: 1);

    private DoorPlace Enter(DoorPlaces places, int address, string name) =>
        places.Enter(new IPAddress([10, 0, 0, (byte)address]), () => _gone.Add(name));

    private DoorPlace Proven(DoorPlaces places, int address, string department)
    {
        DoorPlace place = Enter(places, address, department);
        place.Prove(department);
        return place;
    }

    private sealed class Twin(int arrivedMax, int departmentsMax)
    {
        private readonly List<Row> _rows = [];
        private int _turn;

        public Row Enter(int address)
        {
            var row = new Row { Address = address, Came = _turn++ };
            _rows.Add(row);
            Row[] arrived = [.. _rows.Where(static r => r.Department is null)];
            if (arrived.Length > arrivedMax)
                Leave(MostOf(arrived, static r => r.Address).MinBy(static r => r.Came)!);
            return row;
        }

        public void Prove(Row row, string department)
        {
            if (row.IsGone || row.Department is not null)
                return;
            (row.Department, row.Proved) = (department, _turn++);
            Row[] proven = [.. _rows.Where(static r => r.Department is not null)];
            if (proven.Length > departmentsMax)
                MostOf(proven, static r => r.Department!).MaxBy(static r => r.Proved)!.Department = null;
        }

        public void Leave(Row row)
        {
            row.IsGone = true;
            row.Department = null;
            _rows.Remove(row);
        }

        /// <summary>The rows of all keys that have most.</summary>
        private static IEnumerable<Row> MostOf<T>(Row[] rows, Func<Row, T> keyOf)
        {
            IGrouping<T, Row>[] groups = [.. rows.GroupBy(keyOf)];
            return groups.Where(g => g.Count() == groups.Max(static o => o.Count())).SelectMany(static g => g);
        }

        public sealed class Row
        {
            public int Address { get; init; }

            public int Came { get; init; }

            public int Proved { get; set; }

            public string? Department { get; set; }

            public bool IsGone { get; set; }
        }
    }
}
