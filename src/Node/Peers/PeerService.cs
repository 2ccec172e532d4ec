using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>The server side of peer streams.</summary>
internal sealed class PeerService(PeerNetwork network) : Peer.PeerBase
{
    /// <inheritdoc/>
    public override Task Connect(
        IAsyncStreamReader<PeerFrame> requestStream, IServerStreamWriter<PeerFrame> responseStream,
        ServerCallContext context) => network.AcceptAsync(requestStream, responseStream, context.GetHttpContext());
}
