using CsCheck;
using GovChain.Storage.Integrity;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>Goal: work that is spread over cores gives what one core gives. Method: beside a loop.</summary>
public sealed class InOrderTests
{
    [Test]
    public void Spread_EverySizeTo2000_GivesWhatOneCoreGives([Values(1, 2, 5)] int cores)
    {
        for (int size = 0; size <= 2_000; size++)
        {
            int chunk = 1 + size % 97;
            IEnumerable<int> found = InOrder.Spread(Enumerable.Range(0, size), chunk, cores, static c => Fold(c));
            Assert.That(found.SequenceEqual(Enumerable.Range(0, size).Chunk(chunk).Select(Fold)), $"size {size}");
        }
    }

    [Test]
    public void Spread_WithOneCore_UsesNoOtherThread()
    {
        int caller = Environment.CurrentManagedThreadId;
        Assert.That(InOrder.Spread(Enumerable.Range(0, 50), 3, cores: 1, _ => Environment.CurrentManagedThreadId), Is.All.EqualTo(caller));
    }

    [Test]
    public void Spread_WithTwoCores_WorksOnTwoChunksAtOnce()
    {
        using var both = new Barrier(2); // passed only by two at once
        Assert.That(InOrder.Spread(Enumerable.Range(0, 2), 1, cores: 2, c =>
        {
            bool met = both.SignalAndWait(TimeSpan.FromMinutes(1));
            return met ? c[0] : -1;
        }), Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void Spread_ItemsThatEndInAnException_GiveWhatCameBeforeIt([Values(1, 3)] int cores) =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[1, 9]).Sample((good, chunk) =>
        {
            var found = new List<int>();
            Assert.Throws<InvalidDataException>(() =>
            {
                foreach (int sum in InOrder.Spread(Broken(good), chunk, cores, static c => c.Sum()))
                    found.Add(sum);
            });
            Assert.That(found, Is.EqualTo(Enumerable.Range(0, good).Chunk(chunk).Select(static c => c.Sum())));
        }, iter: 40);

    [Test]
    public void Spread_WorkThatThrows_ThrowsThatInItsTurn([Values(1, 3)] int cores)
    {
        var found = new List<int>();
        Assert.Throws<InvalidDataException>(() =>
        {
            foreach (int item in InOrder.Spread(Enumerable.Range(0, 40), 1, cores, static c => c[0] == 17 ? throw new InvalidDataException() : c[0]))
                found.Add(item);
        });
        Assert.That(found, Is.EqualTo(Enumerable.Range(0, 17)));
    }

    [Test]
    public void Spread_BrokenOff_WaitsForTheWorkUnderWay()
    {
        int begun = 0, ended = 0;
        using var go = new ManualResetEventSlim();
        using (IEnumerator<int> results = InOrder.Spread(Enumerable.Range(0, 100), 1, cores: 3, c =>
        {
            Interlocked.Increment(ref begun);
            if (c[0] > 0)
                go.Wait(TimeSpan.FromMinutes(1));
            Interlocked.Increment(ref ended);
            return c[0];
        }).GetEnumerator())
        {
            Assert.That(results.MoveNext());
            Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref begun) > 1, TimeSpan.FromMinutes(1)));
            new Thread(go.Set).Start();
        }
        Assert.That(Volatile.Read(ref ended), Is.EqualTo(Volatile.Read(ref begun)));
        Assert.That(begun, Is.LessThan(20)); // a few are read ahead, not all
    }

    /// <summary>Of other items, or in another order, another number.</summary>
    private static int Fold(IReadOnlyList<int> chunk) => chunk.Aggregate(17, static (sum, item) => unchecked(31 * sum + item));

    private static IEnumerable<int> Broken(int good)
    {
        for (int i = 0; i < good; i++)
            yield return i;
        throw new InvalidDataException();
    }
}
