using GovChain.Node.Tls;
using GovChain.Protos.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace GovChain.Node.Peers;

/// <summary>Dials one department and runs the stream.</summary>
internal sealed class PeerDialer(
    PeerNetwork network, PeerLink link, NodeIdentity identity, PeerAuthenticator authenticator, PeerRefusalLog refusals)
{
    /// <summary>Dials once and returns when the stream has ended or could not be set up; the link knows why.</summary>
    /// <param name="endpoint">host:port.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunOnceAsync(string endpoint, CancellationToken cancellation)
    {
        PeerVerdict judged = default;
        PeerNetworkOptions options = network.Options;
        using var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.HandshakeTimeout,
            KeepAlivePingDelay = options.KeepAlive,
            KeepAlivePingTimeout = options.KeepAlive,
            UseProxy = false,
            SslOptions = authenticator.ClientOptions(identity, link.Department, verdict => judged = verdict),
        };
        try
        {
            using GrpcChannel channel = GrpcChannel.ForAddress($"https://{endpoint}", new GrpcChannelOptions
            {
                HttpHandler = handler,
                MaxReceiveMessageSize = options.FrameBytesMax,
                MaxSendMessageSize = options.FrameBytesMax,
                MaxReconnectBackoff = options.RedialMax,
            });
            using AsyncDuplexStreamingCall<PeerFrame, PeerFrame> call =
                channel.CreateCallInvoker().AsyncDuplexStreamingCall(PeerMethod.Connect, null, new CallOptions(cancellationToken: cancellation));
            var session = new PeerSession(
                network, link, call.ResponseStream, call.RequestStream, call.Dispose, dialled: true,
                () => judged.IsAwaited);
            await session.RunAsync(cancellation);
        }
        catch (Exception e)
        {
            if (cancellation.IsCancellationRequested)
                return;
            if (judged.Refusal is not null)
                refusals.Refused(judged, link);
            else if (e is PeerRefusedException { Refusal: var refusal })
                refusals.Refused(PeerVerdict.Refuse(refusal, e.Message), link);
            else
                link.Failed(PeerErrors.Describe(e));
        }
    }
}
