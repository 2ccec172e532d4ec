using System.Buffers;
using System.Threading.Channels;
using Google.Protobuf;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// A stream between a node and a peer that a test plays, without sockets: bytes in order, which the node reads as it does from a
/// socket, by the marshaller that bounds and parses frames.
/// </summary>
internal sealed class FrameWire : IAsyncStreamReader<PeerFrame>, IAsyncStreamWriter<PeerFrame>
{
    private readonly Channel<byte[]> _toNode = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<PeerFrame> _toPeer = Channel.CreateUnbounded<PeerFrame>();

    /// <inheritdoc/>
    public PeerFrame Current { get; private set; } = null!;

    /// <inheritdoc/>
    public WriteOptions? WriteOptions { get; set; }

    /// <summary>What the node sends.</summary>
    public ChannelReader<PeerFrame> FromNode => _toPeer.Reader;

    /// <summary>Sends bytes to the node; after the end of the stream they are lost.</summary>
    public void Send(byte[] frame) => _toNode.Writer.TryWrite(frame);

    /// <summary>The peer ends the stream.</summary>
    public void End() => _toNode.Writer.TryComplete();

    /// <summary>The node has ended the stream.</summary>
    public void NodeEnded() => _toPeer.Writer.TryComplete();

    /// <inheritdoc/>
    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (!await _toNode.Reader.WaitToReadAsync(cancellationToken) || !_toNode.Reader.TryRead(out byte[]? frame))
            return false;
        Current = PeerMethod.Connect.RequestMarshaller.ContextualDeserializer(new Received(frame));
        return true;
    }

    /// <inheritdoc/>
    public Task WriteAsync(PeerFrame message, CancellationToken cancellationToken) => WriteAsync(message);

    /// <inheritdoc/>
    public Task WriteAsync(PeerFrame message)
    {
        _toPeer.Writer.TryWrite(PeerFrame.Parser.ParseFrom(message.ToByteArray()));
        return Task.CompletedTask;
    }

    private sealed class Received(byte[] bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override byte[] PayloadAsNewBuffer() => [.. bytes];

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
