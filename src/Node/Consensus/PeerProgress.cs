using GovChain.Consensus;

namespace GovChain.Node.Consensus;

/// <summary>Where another department stands, by what it says.</summary>
/// <param name="Height">Its newest block.</param>
/// <param name="View">Its view of the next height.</param>
/// <param name="Abstention">Whether it votes, and if not, why and until when.</param>
/// <param name="LastComplaint">The last thing it did that no honest node does; null if nothing.</param>
internal readonly record struct PeerStanding(ulong Height, uint View, Abstention Abstention, string? LastComplaint)
{
    /// <summary>The last thing it did wrong; empty if nothing.</summary>
    public string Complaint => LastComplaint ?? "";
}

/// <summary>How far the other departments are, by what they say. Safe from any thread.</summary>
internal sealed class PeerProgress(int validators)
{
    private readonly object _gate = new();
    private readonly PeerStanding[] _peers = new PeerStanding[validators];

    /// <summary>The highest block that anybody has shown a certificate for.</summary>
    public ulong HighestTip { get; private set; }

    /// <summary>A verified message came.</summary>
    public void Heard(int from, ConsensusMessage message)
    {
        if (message is not (StatusMessage or DecidedMessage))
            return;
        lock (_gate)
        {
            ref PeerStanding peer = ref _peers[from];
            peer = message is StatusMessage status
                ? peer with { Height = status.Tip?.Height ?? 0, View = status.View, Abstention = status.Abstention }
                : peer with { Height = Math.Max(peer.Height, message.Height) };
            HighestTip = Math.Max(HighestTip, peer.Height);
        }
    }

    /// <summary>It sent something that no honest node sends.</summary>
    public void Misbehaved(int from, string complaint)
    {
        lock (_gate)
            _peers[from] = _peers[from] with { LastComplaint = complaint };
    }

    /// <summary>Where a validator stands.</summary>
    public PeerStanding Of(int validator)
    {
        lock (_gate)
            return _peers[validator];
    }
}
