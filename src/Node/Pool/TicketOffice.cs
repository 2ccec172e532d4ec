using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Tracing;

namespace GovChain.Node.Pool;

/// <summary>
/// Those who wait for the final state of a transaction, by its id. A ticket is taken before the ledger's index is
/// asked, and blocks answer after they are durable: so no outcome slips between the two. Safe from any thread.
/// </summary>
internal sealed class TicketOffice
{
    private readonly object _gate = new();
    private readonly Dictionary<Digest, List<SubmissionTicket>> _waiting = [];
    private bool _closed;

    /// <summary>Transactions that somebody waits for.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Lets the ticket wait.</summary>
    public void Take(SubmissionTicket ticket)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                ref List<SubmissionTicket>? tickets =
                    ref CollectionsMarshal.GetValueRefOrAddDefault(_waiting, ticket.TransactionId, out _);
                (tickets ??= new List<SubmissionTicket>(1)).Add(ticket);
                return;
            }
        }
        ticket.Complete(SubmissionResult.Pending(null));
    }

    /// <summary>Nobody will answer any more: all who wait, or will, hear that the transaction is pending.</summary>
    public void Close()
    {
        List<SubmissionTicket>[] waiting;
        lock (_gate)
        {
            _closed = true;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
        }
        foreach (List<SubmissionTicket> tickets in waiting)
        {
            foreach (SubmissionTicket ticket in tickets)
                ticket.Complete(SubmissionResult.Pending(null));
        }
    }

    /// <summary>The ticket waits no more.</summary>
    public void Return(SubmissionTicket ticket)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(ticket.TransactionId, out List<SubmissionTicket>? tickets)
                && tickets.Remove(ticket) && tickets.Count == 0)
                _waiting.Remove(ticket.TransactionId);
        }
    }

    /// <summary>Answers all who wait for a block's transactions. The block is durable.</summary>
    public void AnswerCommitted(BlockHeader header, IReadOnlyList<VerifiedTransaction> transactions, BlockTimeline timeline)
    {
        var answered = new List<(List<SubmissionTicket> Tickets, ulong Position)>();
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return;
            for (int i = 0; i < transactions.Count; i++)
            {
                if (_waiting.Remove(transactions[i].Transaction.Id, out List<SubmissionTicket>? tickets))
                    answered.Add((tickets, header.LogSizeBefore + (ulong)i));
            }
        }
        foreach ((List<SubmissionTicket> tickets, ulong position) in answered)
        {
            var result = SubmissionResult.Committed(new TransactionLocation(header.Height, position));
            foreach (SubmissionTicket ticket in tickets)
            {
                ticket.DurableAt = timeline.Durable;
                timeline.AddTo(ticket.Trace, ticket.PooledAt, header);
                ticket.Complete(result);
            }
        }
    }

    /// <summary>Answers all who wait for transactions that left the pool, the newest header being of this time.</summary>
    public void AnswerRefused(IReadOnlyList<PoolExit> exits, ulong headerTimeMs)
    {
        foreach (PoolExit exit in exits)
        {
            List<SubmissionTicket>? tickets;
            lock (_gate)
                _waiting.Remove(exit.Transaction.Id, out tickets);
            foreach (SubmissionTicket ticket in tickets ?? [])
                ticket.Complete(SubmissionResult.Of(exit, headerTimeMs));
        }
    }
}
