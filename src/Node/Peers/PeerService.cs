using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>What the server looks for: an overridden method, and by the attribute how it is bound.</summary>
[BindServiceMethod(typeof(PeerMethod), nameof(PeerMethod.Bind))]
internal abstract class PeerServiceBase
{
    /// <summary>Runs one stream.</summary>
    public abstract Task Connect(
        IAsyncStreamReader<PeerFrame> requestStream, IServerStreamWriter<PeerFrame> responseStream, ServerCallContext context);
}

/// <summary>The server side of peer streams.</summary>
internal sealed class PeerService(PeerNetwork network) : PeerServiceBase
{
    /// <inheritdoc/>
    public override Task Connect(
        IAsyncStreamReader<PeerFrame> requestStream, IServerStreamWriter<PeerFrame> responseStream,
        ServerCallContext context) => network.AcceptAsync(requestStream, responseStream, context.GetHttpContext());
}
