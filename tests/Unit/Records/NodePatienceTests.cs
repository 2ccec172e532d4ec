using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using GovChain.Client;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Records;

/// <summary>Goal: no node, and nothing between, has a client wait longer than it has patience, without end, or not at all.</summary>
public sealed class NodePatienceTests
{
    private static readonly Uri Node = new("https://node.example:8443");

    [Test]
    public void Hint_OfWhateverLength_IsOneThatCanBeWaitedFor()
    {
        foreach ((Duration said, double? seconds) in new (Duration, double?)[]
        {
            (new Duration { Seconds = 7 }, 7), (new Duration { Nanos = 1_000_000 }, 0.001), (new Duration { Seconds = 30 }, 30), (new Duration { Seconds = 31 }, 30),
            (new Duration { Seconds = 49 * 86_400 }, 30), (new Duration { Seconds = 315_576_000_000 }, 30), (new Duration(), null), (new Duration { Nanos = 1 }, null),
            (new Duration { Nanos = -1_000_000 }, null), (new Duration { Seconds = -5 }, null), (new Duration { Seconds = -315_576_000_000 }, null),
            (new Duration { Seconds = 1, Nanos = -1 }, null), (new Duration { Nanos = int.MaxValue }, null), (new Duration { Seconds = long.MaxValue }, null),
        })
            Assert.That(Failure(said).RetryAfter?.TotalSeconds, Is.EqualTo(seconds), $"{said.Seconds} s {said.Nanos} ns");
    }

    [Test]
    public async Task Waiting_LastsNoLongerThanThePatience()
    {
        var time = new HeldTime(TimeSpan.FromDays(1));
        var patience = new NodePatience(TimeSpan.FromSeconds(2), time);
        LedgerClientException later = Failure(new Duration { Seconds = 20 });
        Assert.That(patience.Allows(), Is.True);
        await patience.WaitAsync(later, default);
        Assert.That(time.Waits.Single(), Is.InRange(TimeSpan.Zero, TimeSpan.FromSeconds(2)));

        var none = new NodePatience(TimeSpan.Zero, time);
        none.Allows();
        await none.WaitAsync(later, default);
        Assert.That(time.Waits.Skip(1), Is.All.EqualTo(TimeSpan.Zero), "no wait below zero");
    }

    private static LedgerClientException Failure(Duration hint) => LedgerClientException.From(
        new Google.Rpc.Status
        {
            Code = (int)StatusCode.ResourceExhausted,
            Message = "Too much to do.",
            Details = { Any.Pack(new RetryInfo { RetryDelay = hint }) },
        }.ToRpcException(), Node);
}
