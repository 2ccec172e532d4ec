using System.Buffers;
using Google.Protobuf;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>The stream between two nodes as gRPC knows it, with frames that are bounded before they are parsed.</summary>
internal static class PeerMethod
{
    private static readonly Marshaller<PeerFrame> Frames = new(Serialise, Parse);

    /// <summary>The method of peer_service.proto.</summary>
    public static Method<PeerFrame, PeerFrame> Connect { get; } = new(
        MethodType.DuplexStreaming, Peer.Descriptor.FullName, nameof(Peer.PeerBase.Connect), Frames, Frames);

    /// <summary>Called by the server, which looks for it by the attribute on <see cref="PeerServiceBase"/>.</summary>
    public static void Bind(ServiceBinderBase binder, PeerServiceBase? service) =>
        binder.AddMethod(Connect, service is null ? null! : service.Connect);

    private static void Serialise(PeerFrame frame, SerializationContext context)
    {
        context.SetPayloadLength(frame.CalculateSize());
        frame.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    private static PeerFrame Parse(DeserializationContext context)
    {
        ReadOnlySequence<byte> bytes = context.PayloadAsReadOnlySequence();
        try
        {
            if (FrameBounds.Hold(bytes))
                return PeerFrame.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // What the bounds do not look into is no message either.
        }
        throw new InvalidDataException("The other side sent a frame that cannot be read, or has more parts than an honest one.");
    }
}
