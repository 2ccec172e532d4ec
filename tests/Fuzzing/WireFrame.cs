using System.Buffers;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Tests.Fuzzing;

/// <summary>Frames as a node reads them from a peer's stream: by the marshaller that bounds and parses them.</summary>
internal static class WireFrame
{
    /// <summary>Null for what ends the stream.</summary>
    public static PeerFrame? TryRead(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Read(bytes);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>The frame.</summary>
    /// <exception cref="InvalidDataException">It is none, or has too many parts.</exception>
    public static PeerFrame Read(ReadOnlyMemory<byte> bytes) =>
        PeerMethod.Connect.RequestMarshaller.ContextualDeserializer(new Received(bytes));

    private sealed class Received(ReadOnlyMemory<byte> bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override byte[] PayloadAsNewBuffer() => bytes.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
