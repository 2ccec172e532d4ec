using Google.Protobuf;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Node;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// Goal: who introduces itself as anybody or anything else than TLS and the ledger say is told so, and gets nothing. Method: every
/// field of the first frame changed, one at a time.
/// </summary>
internal sealed class HelloFramesTests
{
    [Test]
    public async Task Hello_WithAnyFieldChanged_IsRefusedWithWords_OrSaysTheSame()
    {
        using var ledger = new TestLedger(4);
        await using var bed = new FrameBed(ledger);
        var handler = new Recorder();
        await bed.UpAsync(handler);
        await bed.ConnectAsync(1);
        var tally = new FrameTally();
        PeerFrame hello = bed.Hello(0);
        var gossip = new PeerFrame { Gossip = new TransactionGossip { Envelopes = { ByteString.CopyFromUtf8("before the hello") } } };
        foreach (FrameChange change in new FrameChanges([hello, bed.Hello(1)]).Of(hello).Where(c => !c.Bytes.AsSpan().SequenceEqual(hello.ToByteArray())))
        {
            FramePeer peer = bed.Open(0);
            peer.Send(change.Bytes);
            peer.Send(gossip);
            bool answered = await peer.ReadAsync(static f => f.KindCase == PeerFrame.KindOneofCase.Hello) is not null;
            if (answered)
            {
                await PeerBed.UntilAsync(() => !handler.Gossip.IsEmpty, "what follows a good hello comes");
                handler.Gossip.Clear();
                peer.End();
            }
            RpcException? told = await peer.Ended;
            string? refusal = RefusalOf(change.Bytes, hello.Hello);
            tally.Add(change, refusal is null ? "accepted" : $"refused as {refusal}");
            if (answered != (refusal is null) || (refusal is not null && told?.Status.Detail.Contains(refusal, StringComparison.Ordinal) != true))
                tally.Fail(change, $"{told?.Status}, not {refusal}");
            if (refusal is not null && (bed.StateOf(0).LastError != told!.Status.Detail || !handler.Gossip.IsEmpty))
                tally.Fail(change, $"shown as {bed.StateOf(0)}, {handler.Gossip.Count} taken");
            if (bed.StateOf(1) is not { IsConnected: true, LastError: "" })
                tally.Fail(change, $"another's stream has something of it: {bed.StateOf(1)}");
        }
        tally.Expect(FrameTally.Hello);
    }

    private static string? RefusalOf(byte[] bytes, PeerHello right)
    {
        if (FrameChange.TryParse(bytes) is not { } frame)
            return "cannot be read";
        return frame.Hello is not { } hello ? "did not introduce itself"
            : hello.ProtocolVersion != PeerNetworkOptions.ProtocolVersion ? "of the node protocol"
            : !hello.ChainId.Equals(right.ChainId) ? "speaks of another ledger"
            : hello.Department != right.Department ? "introduces itself as another department"
            : null;
    }
}
