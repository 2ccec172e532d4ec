using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <summary>A ledger as a hostile leader reads it: its parameters allow as many transactions in a block as any ledger may.</summary>
internal sealed class UnboundedView(ILedgerView ledger) : ILedgerView
{
    public BlockHeader Tip => ledger.Tip;

    public LogFrontier Frontier => ledger.Frontier;

    public ReadOnlyMemory<byte>? GetState(StateKey key)
    {
        ReadOnlyMemory<byte>? value = ledger.GetState(key);
        if (value is not { } bytes || !key.Equals(StateKey.Parameters))
            return value;
        Parameters parameters = StateValue.Decode<Parameters>(key, bytes.Span);
        parameters.BlockTransactionsMax = Limits.BlockTransactionsCeiling;
        return StateValue.Encode(key, parameters);
    }

    public TransactionLocation? FindTransaction(Digest transactionId) => ledger.FindTransaction(transactionId);

    public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => ledger.TryGetPage(id);

    public ReadOnlyMemory<byte> GetTile(byte level, ulong index) => ledger.GetTile(level, index);
}
