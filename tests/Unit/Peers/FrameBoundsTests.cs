using System.Buffers;
using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers;

/// <summary>
/// Goal: a frame costs no more memory than a few times its bytes, whatever is in it. Method: the largest honest frames pass;
/// those of many tiny parts, at each level and in fields that nobody knows, do not, nor do bytes that are no fields.
/// </summary>
internal sealed class FrameBoundsTests
{
    private const int Many = 400_000;

    private static readonly byte[] Envelope = new byte[180]; // smaller than any transaction

    [Test]
    public void Frame_AsHonestNodesSendThem_Passes()
    {
        Assert.That(Holds(new PeerFrame { Hello = new PeerHello { ChainId = ByteString.CopyFrom(new byte[32]), Department = "a" } }));
        Assert.That(Holds(new PeerFrame { Consensus = ByteString.CopyFrom(new byte[1_000_000]) }), "whatever its bytes look like");
        Assert.That(Holds(Gossip((int)Limits.BlockTransactionsCeiling - 10, [1])));
        Assert.That(Holds(Gossip(90_000, Envelope)));
        Assert.That(Holds(Blocks(Enumerable.Repeat(Block(1_500), 64))));
        Assert.That(Holds(Rows(3_000, new byte[4])), "as many short state values as a node sends");
        ByteString noise = ByteString.CopyFrom(Enumerable.Range(0, 900).Select(static i => (byte)(i * 7)).ToArray());
        Assert.That(Holds(new PeerFrame { SnapshotResponse = new SnapshotResponse { Held = noise, Pages = { noise, noise } } }), "pages");
        Assert.That(Holds(new PeerFrame
        {
            SnapshotResponse = new SnapshotResponse { Head = new SnapshotHead { Header = noise, EdgeTiles = { noise, ByteString.Empty } } },
        }), "a head");
        SnapshotEpoch end = new() { Header = noise, Certificate = noise, Department = "a", NewKey = noise };
        var leading = new SnapshotHead();
        leading.Epochs.AddRange(Enumerable.Repeat(end, Limits.MembershipChangesMax));
        Assert.That(Holds(new PeerFrame { SnapshotResponse = new SnapshotResponse { Head = leading } }), "a head with all changes");
        Assert.That(Holds(new PeerFrame
        {
            SnapshotRequest = new SnapshotRequest { Height = 64, Pages = new StatePagesWanted { Keys = { noise } } },
        }), "wanted pages");
        Assert.That(Holds(new PeerFrame
        {
            SnapshotRequest = new SnapshotRequest { Height = 64, Rows = new StateRowsWanted { After = noise } },
        }), "wanted state values");
    }

    [Test]
    public void Frame_OfManyTinyParts_IsRefused()
    {
        Assert.That(Holds(Gossip(Many, [])), Is.False, "empty envelopes");
        Assert.That(Holds(Gossip(Many, [1])), Is.False, "envelopes of a byte");
        Assert.That(Holds(Blocks(Enumerable.Repeat(new SyncedBlock(), Many))), Is.False, "empty blocks");
        Assert.That(Holds(Blocks([Block(Many, [])])), Is.False, "empty envelopes in a block");
        Assert.That(Holds(Rows(Many, [])), Is.False, "empty state values");
        var pages = new StatePagesWanted();
        pages.Keys.AddRange(Enumerable.Repeat(ByteString.Empty, Many));
        Assert.That(Holds(new PeerFrame { SnapshotRequest = new SnapshotRequest { Pages = pages } }), Is.False, "keys of no page");
        var head = new SnapshotHead();
        head.EdgeTiles.AddRange(Enumerable.Repeat(ByteString.Empty, Many));
        Assert.That(Holds(new PeerFrame { SnapshotResponse = new SnapshotResponse { Head = head } }), Is.False, "empty tiles");
        head = new SnapshotHead();
        head.Epochs.AddRange(Enumerable.Repeat(new SnapshotEpoch(), Many));
        Assert.That(Holds(new PeerFrame { SnapshotResponse = new SnapshotResponse { Head = head } }), Is.False, "empty ends of epochs");
        Assert.That(Holds(new PeerFrame { SnapshotResponse = new SnapshotResponse { Head = new SnapshotHead { Epochs = { Epoch(Many) } } } }),
            Is.False, "an end of an epoch with many fields");
        var response = new SnapshotResponse();
        response.Pages.AddRange(Enumerable.Repeat(ByteString.Empty, Many));
        Assert.That(Holds(new PeerFrame { SnapshotResponse = response }), Is.False, "empty pages");
    }

    [TestCase("7A01AA", 1, true, Description = "field 15, one byte: a newer version's")]
    [TestCase("7A01AA", Many, false, Description = "unknown fields of a byte, which the parser keeps")]
    [TestCase("7801", Many, false, Description = "unknown numbers")]
    [TestCase("1A020A00", Many, false, Description = "gossip, again and again: the parser merges it")]
    [TestCase("7C", 1, false, Description = "a group ends that never began")]
    [TestCase("7B7C", 1, false, Description = "a group")]
    [TestCase("1A05", 1, false, Description = "longer than the frame")]
    [TestCase("1AFFFFFFFFFFFFFFFFFF01", 1, false, Description = "a length of 2^64 - 1")]
    [TestCase("80808080808080808080", 1, false, Description = "a number without an end")]
    [TestCase("3D0102", 1, false, Description = "half of a fixed field")]
    public void Bytes_OfAFrame_AreCountedAsTheParserReadsThem(string hex, int times, bool holds)
    {
        byte[] field = Convert.FromHexString(hex);
        byte[] bytes = [.. Enumerable.Repeat(field, times).SelectMany(static b => b)];
        Assert.That(FrameBounds.Hold(new ReadOnlySequence<byte>(bytes)), Is.EqualTo(holds));
    }

    [Test]
    public async Task Stream_WithSuchAFrame_EndsForThatReasonOnEitherSide()
    {
        await using var bed = new PeerBed("a", "b");
        var handler = new Recorder
        {
            Blocks = static (_, _) => Blocks(Enumerable.Repeat(new SyncedBlock(), Many)).BlockResponse,
        };
        PeerNetwork b = await bed.StartAsync("b", handler);
        PeerNetwork a = await bed.StartAsync("a", handler);
        foreach ((PeerNetwork asks, string own, PeerNetwork answers, string other) in new[] { (a, "a", b, "b"), (b, "b", a, "a") })
        {
            await PeerBed.ConnectedAsync(a, "a", b, "b");
            Assert.That(await asks.RequestBlocksAsync(other, 1, 64, CancellationToken.None), Is.Null);
            await PeerBed.UntilAsync(
                () => PeerBed.State(asks, other).LastError.Contains("more parts", StringComparison.Ordinal)
                    || PeerBed.State(answers, own).LastError.Contains("more parts", StringComparison.Ordinal),
                $"{own} says why it has ended the stream", asks, answers);
        }
    }

    private static bool Holds(PeerFrame frame) => FrameBounds.Hold(new ReadOnlySequence<byte>(frame.ToByteArray()));

    private static PeerFrame Gossip(int count, byte[] envelope)
    {
        var gossip = new TransactionGossip();
        gossip.Envelopes.AddRange(Enumerable.Repeat(ByteString.CopyFrom(envelope), count));
        return new PeerFrame { Gossip = gossip };
    }

    private static PeerFrame Blocks(IEnumerable<SyncedBlock> blocks)
    {
        var response = new BlockRangeResponse { FirstHeight = 1 };
        response.Blocks.AddRange(blocks);
        return new PeerFrame { BlockResponse = response };
    }

    private static PeerFrame Rows(int count, byte[] value)
    {
        var response = new SnapshotResponse();
        response.Rows.AddRange(Enumerable.Repeat(
            new StateRow { Key = ByteString.CopyFrom(value), Value = ByteString.CopyFrom(value) }, count));
        return new PeerFrame { SnapshotResponse = response };
    }

    private static SnapshotEpoch Epoch(int fields) => SnapshotEpoch.Parser.ParseFrom(
        [.. Enumerable.Repeat<byte[]>([0x7A, 0x01, 0xAA], fields).SelectMany(static b => b)]);

    private static SyncedBlock Block(int count, byte[]? envelope = null)
    {
        var block = new SyncedBlock
        {
            Header = ByteString.CopyFrom(new byte[BlockHeader.Size]),
            Certificate = ByteString.CopyFrom(new byte[Certificate.SizeMax]),
        };
        block.Envelopes.AddRange(Enumerable.Repeat(ByteString.CopyFrom(envelope ?? Envelope), count));
        return block;
    }
}
