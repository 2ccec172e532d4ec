using GovChain.Core.Model;

namespace GovChain.Node.Pool;

/// <summary>An envelope in admission: decoded, its signature not yet verified.</summary>
/// <param name="transaction">The decoded envelope.</param>
/// <param name="sender">In whose name it comes, and from where.</param>
/// <param name="source">The department whose node it came to.</param>
/// <param name="isOwn">It came from a client of this node: refused outright when it cannot commit, and gossiped.</param>
internal sealed class PendingEnvelope(Transaction transaction, Sender sender, string source, bool isOwn)
{
    private readonly object _gate = new();
    private List<SubmissionTicket>? _tickets;
    private bool _closed;

    /// <summary>The decoded envelope.</summary>
    public Transaction Transaction { get; } = transaction;

    /// <summary>In whose name it comes, and from where.</summary>
    public Sender Sender { get; } = sender;

    /// <summary>The department whose node it came to.</summary>
    public string Source { get; } = source;

    /// <summary>A client of this node waits for an answer, so it is told the truth at once.</summary>
    public bool IsOwn { get; } = isOwn;

    /// <summary>Null until verified, and where the signature is wrong. Written by admission's thread only.</summary>
    public VerifiedTransaction? Verified { get; set; }

    /// <summary>Admission is through with it. Written by admission's thread only.</summary>
    public bool IsProcessed { get; set; }

    /// <summary>Who brought it, and not a copy of it; null where a peer did.</summary>
    public SubmissionTicket? Bringer { get; init; }

    /// <summary>Has the ticket answered with this envelope; false if that was answered already.</summary>
    public bool TryAttach(SubmissionTicket ticket)
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            (_tickets ??= new List<SubmissionTicket>(1)).Add(ticket);
            return true;
        }
    }

    /// <summary>Those to answer; nobody can be attached any more.</summary>
    public IReadOnlyList<SubmissionTicket> Close()
    {
        lock (_gate)
        {
            _closed = true;
            return _tickets ?? (IReadOnlyList<SubmissionTicket>)[];
        }
    }
}
