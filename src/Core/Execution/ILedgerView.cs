using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>Where a transaction stands on the ledger.</summary>
public readonly record struct TransactionLocation(ulong Height, ulong Position);

/// <summary>
/// The ledger after one block, as execution reads it: state values, tree pages, log tiles, the transaction index.
/// Storage implements it over RocksDB, tests and the auditor in memory. Everything read was verified or is verified
/// by the reader; a view does not change while it is used.
/// </summary>
public interface ILedgerView : IStatePageReader, ITileReader
{
    /// <summary>The newest header.</summary>
    BlockHeader Tip { get; }

    /// <summary>The log's right edge after <see cref="Tip"/>.</summary>
    LogFrontier Frontier { get; }

    /// <summary>The bytes of a state value, or null.</summary>
    ReadOnlyMemory<byte>? GetState(StateKey key);

    /// <summary>Where the transaction with this id is, or null.</summary>
    TransactionLocation? FindTransaction(Digest transactionId);
}
