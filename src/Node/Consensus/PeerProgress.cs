using GovChain.Consensus;

namespace GovChain.Node.Consensus;

/// <summary>How far the other departments are, by what they say. Safe from any thread.</summary>
internal sealed class PeerProgress(int validators)
{
    private readonly object _gate = new();
    private readonly (ulong Height, uint View, string? Complaint)[] _peers = new (ulong, uint, string?)[validators];

    /// <summary>The highest block that anybody has shown a certificate for.</summary>
    public ulong HighestTip { get; private set; }

    /// <summary>A verified message came.</summary>
    public void Heard(int from, ConsensusMessage message)
    {
        if (message is not (StatusMessage or DecidedMessage))
            return;
        lock (_gate)
        {
            ref (ulong Height, uint View, string? Complaint) peer = ref _peers[from];
            if (message is StatusMessage status)
                (peer.Height, peer.View) = (status.Tip?.Height ?? 0, status.View);
            else
                peer.Height = Math.Max(peer.Height, message.Height);
            HighestTip = Math.Max(HighestTip, peer.Height);
        }
    }

    /// <summary>It sent something that no honest node sends.</summary>
    public void Misbehaved(int from, string complaint)
    {
        lock (_gate)
            _peers[from].Complaint = complaint;
    }

    /// <summary>Height of its newest block, its view, and the last thing it did wrong.</summary>
    public (ulong Height, uint View, string? Complaint) Of(int validator)
    {
        lock (_gate)
        {
            (ulong height, uint view, string? complaint) = _peers[validator];
            return (height, view, complaint ?? "");
        }
    }
}
