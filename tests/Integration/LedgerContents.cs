using GovChain.Client;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>Every transaction of a node's ledger, read over its feed.</summary>
internal sealed class LedgerContents
{
    private readonly Dictionary<string, ulong> _positions = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, TransactionBody.ActionOneofCase Action), int> _counts = [];

    /// <summary>Where each transaction stands.</summary>
    public IReadOnlyDictionary<string, ulong> Positions => _positions;

    /// <summary>How many record actions of a kind a type has.</summary>
    public int CountOf(string type, TransactionBody.ActionOneofCase action) => _counts.GetValueOrDefault((type, action));

    /// <summary>Reads all that a node has now, over its administration listener.</summary>
    public static async Task<LedgerContents> ReadAsync(LedgerClient administration, CancellationToken cancellation)
    {
        var contents = new LedgerContents();
        ulong size = (await administration.GetStatusAsync(cancellation)).LogSize;
        if (size == 1)
            return contents; // the genesis leaf alone
        await foreach (CommittedTransaction transaction in administration.SubscribeAsync(0, cancellation))
        {
            contents.Add(transaction);
            if (transaction.Position == size - 1)
                break;
        }
        return contents;
    }

    private void Add(CommittedTransaction transaction)
    {
        Assert.That(_positions.TryAdd(transaction.TransactionId, transaction.Position), Is.True,
            $"{transaction.TransactionId} stands on the ledger once");
        TransactionBody body = TransactionBody.Parser.ParseFrom(SignedTransaction.Parser.ParseFrom(transaction.Envelope).Body);
        RecordChange? change = body.Register ?? body.Amend ?? body.Annul;
        if (change is not null)
        {
            (string, TransactionBody.ActionOneofCase) kind = (change.Record.Type, body.ActionCase);
            _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        }
    }
}
