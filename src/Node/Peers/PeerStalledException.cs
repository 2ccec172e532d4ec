namespace GovChain.Node.Peers;

/// <summary>The other side has taken no bytes for too long.</summary>
internal sealed class PeerStalledException(TimeSpan patience)
    : IOException($"The other side has taken no bytes for {patience.TotalSeconds:0} seconds.");
