using CsCheck;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// What clients may send in a department's name. Method: the time is said, so nothing waits; a twin that counts tokens at a steady
/// pace beside it.
/// </summary>
public sealed class SendingRatesTests
{
    private const long Place = AdmissionOptions.PlaceBytes;
    private static readonly Sender Clerk = new("tax", "10.0.0.1"), Colleague = new("tax", "10.0.0.2"), Stranger = new("tax", "10.0.0.3"),
        Other = new("land", "10.0.0.1");

    [Test]
    public void TwiceAsManyAtOnce_ThenSoManyASecond_AndTheHintIsWhenTheNextMayCome()
    {
        var rates = new SendingRates(100, sendersMax: 100);
        int atOnce = CountAt(rates, Clerk, 5_000);
        Assert.That(atOnce, Is.EqualTo(201), "two seconds' and the one that overdraws");
        Assert.That(CountAt(rates, Clerk, 6_000), Is.EqualTo(100));

        long wait = rates.WaitFor(Clerk, Place, 6_000)!.Value;

        Assert.That(wait, Is.EqualTo(50), "not for one only");
        Assert.That(CountAt(rates, Clerk, (ulong)(6_000 + wait)), Is.EqualTo(5));
    }

    [Test]
    public void LargeOnes_CountForAsManyPlaces()
    {
        var rates = new SendingRates(100, sendersMax: 100);
        Assert.That(rates.WaitFor(Clerk, 300 * Place, 0), Is.Null);
        Assert.That(rates.WaitFor(Clerk, Place, 0), Is.EqualTo(1_000));
        Assert.That(rates.WaitFor(Clerk, Place, 1_000), Is.Null);
    }

    [Test]
    public void AStrangerForgesInADepartmentsName_ItsClerksAndOtherDepartmentsOfTheSameAddressAreNotSlowed()
    {
        var rates = new SendingRates(100, sendersMax: 100);
        CountAt(rates, Stranger, 0);
        Assert.That(rates.WaitFor(Stranger, Place, 0), Is.Not.Null);
        Assert.That(rates.WaitFor(Clerk, Place, 0), Is.Null);
        CountAt(rates, Clerk, 0);
        Assert.That(rates.WaitFor(Other, Place, 0), Is.Null);
    }

    [Test]
    public void ADepartmentSendsFromManyAddresses_WhatIsFoundToBeItsOwnCountsTogether()
    {
        var rates = new SendingRates(100, sendersMax: 100);
        for (int i = 0; i < 250; i++)
            rates.OnVerified("tax", Place, 0);
        Assert.That(rates.WaitFor(Colleague, Place, 0), Is.EqualTo(500));
        Assert.That(rates.WaitFor(Other, Place, 0), Is.Null);
        Assert.That(rates.WaitFor(Colleague, Place, 500), Is.Null);
    }

    [Test]
    public void MoreSendersThanAreToldApart_CountTogether_UntilSomeHaveNothingMoreToWaitFor()
    {
        var rates = new SendingRates(1, sendersMax: 2);
        foreach (string origin in new[] { "a", "b", "c", "d" })
            CountAt(rates, new Sender("tax", origin), 0);
        Assert.That(rates.WaitFor(new Sender("tax", "e"), Place, 0), Is.Not.Null, "c and d used up what is left for all others");
        Assert.That(rates.WaitFor(new Sender("tax", "e"), Place, 10_000), Is.Null);
    }

    [Test]
    public void WhateverIsSent_TheTwinLetsTheSamePass() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        int perSecond = random.Next(1, 3_000);
        var rates = new SendingRates(perSecond, sendersMax: 1_000);
        var twin = new Dictionary<object, (decimal Tokens, ulong AtMs)>();
        ulong nowMs = 1_000_000;
        for (int i = 0; i < 400; i++)
        {
            nowMs += (ulong)(random.Next(5) == 0 ? random.Next(2_000) : 0);
            var sender = new Sender($"d{random.Next(2)}", $"o{random.Next(3)}");
            long cost = random.Next(1, 40) * Place;
            if (random.Next(4) == 0)
            {
                rates.OnVerified(sender.Department, cost, nowMs);
                Take(sender.Department, cost);
                continue;
            }
            decimal least = Math.Min(TokensOf(sender), TokensOf(sender.Department));
            long? wait = rates.WaitFor(sender, cost, nowMs);
            // Costs are rounded down to a microsecond each: within a thousandth of a second's tokens both may be right.
            if (Math.Abs(least) > 0.001m * perSecond)
                Assert.That(wait is null, Is.EqualTo(least >= 0), $"seed {seed}, step {i}, {least} tokens");
            if (wait is null)
                Take(sender, cost);
        }

        decimal TokensOf(object bucket) => twin.TryGetValue(bucket, out (decimal Tokens, ulong AtMs) b)
            ? Math.Min(2m * perSecond, b.Tokens + (decimal)perSecond * (nowMs - b.AtMs) / 1_000m)
            : 2m * perSecond;

        void Take(object bucket, long cost) => twin[bucket] = (TokensOf(bucket) - cost / (decimal)Place, nowMs);
    }, iter: 500, threads: 1);

    private static int CountAt(SendingRates rates, Sender sender, ulong nowMs)
    {
        int passed = 0;
        while (rates.WaitFor(sender, Place, nowMs) is null)
            passed++;
        return passed;
    }
}
