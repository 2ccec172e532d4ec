using System.Globalization;
using CsCheck;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Model;

/// <summary>The calendar of <see cref="UtcTime"/> against the platform's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UtcTimeTests
{
    private const ulong DayMs = 86_400_000;

    [TestCase(0UL, "1970-01-01T00:00:00.000Z")]
    [TestCase(951_782_400_000UL, "2000-02-29T00:00:00.000Z")]
    [TestCase(1_800_000_000_000UL, "2027-01-15T08:00:00.000Z")]
    [TestCase(UtcTime.Max, "9999-12-31T23:59:59.999Z")]
    [TestCase(UtcTime.Max + 1, "253402300800000")]
    [TestCase(ulong.MaxValue, "18446744073709551615")]
    public void Format_KnownTimes(ulong milliseconds, string expected) =>
        Assert.That(UtcTime.Format(milliseconds), Is.EqualTo(expected));

    [Test]
    public void Format_LastAndFirstMillisecondOfEveryDayUntil2500AndOfEveryCentury_IsThePlatforms()
    {
        for (ulong start = 0; start < 200_000 * DayMs; start += DayMs)
        {
            AssertPlatforms(start);
            AssertPlatforms(start + DayMs - 1);
        }
        for (int year = 2500; year < 9999; year += 100)
        {
            foreach (var (month, date) in new[] { (1, 1), (2, 28), (3, 1), (12, 31) })
            {
                var noon = new DateTimeOffset(year, month, date, 12, 0, 0, TimeSpan.Zero);
                AssertPlatforms((ulong)noon.ToUnixTimeMilliseconds());
            }
        }
    }

    [Test]
    public void Format_RandomTimes_IsThePlatforms() =>
        Gen.ULong[0, UtcTime.Max].Sample(ms => UtcTime.Format(ms) == Platforms(ms), iter: 20_000, threads: 1);

    private static void AssertPlatforms(ulong milliseconds)
    {
        if (UtcTime.Format(milliseconds) != Platforms(milliseconds))
            Assert.That(UtcTime.Format(milliseconds), Is.EqualTo(Platforms(milliseconds)));
    }

    private static string Platforms(ulong milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds)
        .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
