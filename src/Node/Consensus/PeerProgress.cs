using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Node.Consensus;

/// <summary>The newest vote that came from a department itself, or went out from here, proposals and view changes included.</summary>
/// <param name="Type">Which kind.</param>
/// <param name="Height">The block it is about.</param>
/// <param name="View">The view; of a view change, the one asked for.</param>
/// <param name="AtMs">When it came or went, milliseconds since 1970 by this node's clock.</param>
internal readonly record struct LastVote(VoteType Type, ulong Height, uint View, ulong AtMs);

/// <summary>Where another department stands, by what it says; of this node's own the last vote alone.</summary>
/// <param name="Height">Its newest block.</param>
/// <param name="View">Its view of the next height.</param>
/// <param name="Abstention">Whether it votes, and if not, why and until when.</param>
/// <param name="LastVote">What it last signed; null if nothing came since the start.</param>
/// <param name="LastComplaint">The last thing it did that no honest node does; null if nothing.</param>
/// <param name="IsHeard">It has said where it stands since the start.</param>
internal readonly record struct PeerStanding(
    ulong Height, uint View, Abstention Abstention, LastVote? LastVote, string? LastComplaint, bool IsHeard)
{
    /// <summary>The last thing it did wrong; empty if nothing.</summary>
    public string Complaint => LastComplaint ?? "";

    /// <summary>It says that it votes; of one that has said nothing yet, nobody knows.</summary>
    public bool SaysItVotes => IsHeard && Abstention.IsNone;
}

/// <summary>How far the other departments are, by what they say: validators by index, others by the numbers that
/// <see cref="Sync.LedgerSources"/> gives them. Safe from any thread.</summary>
internal sealed class PeerProgress
{
    private readonly object _gate = new();
    private readonly Dictionary<int, PeerStanding> _peers = [];

    /// <summary>The highest block that anybody has shown a certificate for.</summary>
    public ulong HighestTip { get; private set; }

    /// <summary>
    /// A message came from a department, and verified: a tip above this node's own is proven. Votes are not verified for heights
    /// that are decided here, and are for showing only.
    /// </summary>
    public void Heard(int from, ConsensusMessage message, ulong atMs)
    {
        LastVote? vote = VoteOf(from, message, atMs);
        if (vote is null && message is not (StatusMessage or DecidedMessage))
            return;
        lock (_gate)
        {
            PeerStanding peer = _peers.GetValueOrDefault(from);
            peer = message switch
            {
                StatusMessage m => peer with { Height = m.Tip?.Height ?? 0, View = m.View, Abstention = m.Abstention, IsHeard = true },
                DecidedMessage m => peer with { Height = Math.Max(peer.Height, m.Height) },
                _ => peer with { LastVote = vote },
            };
            _peers[from] = peer;
            HighestTip = Math.Max(HighestTip, peer.Height);
        }
    }

    /// <summary>This node sent a message to all.</summary>
    public void Sent(int self, ConsensusMessage message, ulong atMs)
    {
        if (VoteOf(self, message, atMs) is not { } vote)
            return;
        lock (_gate)
            _peers[self] = _peers.GetValueOrDefault(self) with { LastVote = vote };
    }

    /// <summary>It sent something that no honest node sends.</summary>
    public void Misbehaved(int from, string complaint)
    {
        if (from < 0)
            return;
        lock (_gate)
            _peers[from] = _peers.GetValueOrDefault(from) with { LastComplaint = complaint };
    }

    /// <summary>Where a department stands; of one without a vote, which says nothing, at most a complaint is known.</summary>
    public PeerStanding Of(int source)
    {
        lock (_gate)
            return _peers.GetValueOrDefault(source);
    }

    /// <summary>What the sender itself signed, for votes travel by others' hands too; null where it signed nothing.</summary>
    private static LastVote? VoteOf(int from, ConsensusMessage message, ulong atMs) => message switch
    {
        ProposeMessage m when m.Signer == from => new LastVote(VoteType.Propose, m.Height, m.View, atMs),
        VoteMessage m when m.Signer == from => new LastVote(m.Type, m.Height, m.View, atMs),
        ViewChangeMessage m when m.Payload.Signer == from => new LastVote(VoteType.ViewChange, m.Height, m.View, atMs),
        _ => null,
    };
}
