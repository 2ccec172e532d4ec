using System.Buffers;

namespace GovChain.Core.Cryptography.Engine;

/// <summary>Verifies with the project's own engine: batches, with tables for the signers that come up often.</summary>
/// <remarks>
/// Public data only: nothing here may ever be given a secret, as running time depends on the values. Safe from any
/// thread; the lock is held for look-ups, never during arithmetic. Work is done on the caller's thread: several threads
/// take chunks of a large batch each.
/// </remarks>
public sealed class EngineVerifier : ISignatureVerifier
{
    /// <summary>How many signers' tables are kept by default: 32 MiB.</summary>
    public const int DefaultTablesMax = 1024;

    private readonly object _gate = new();
    private readonly SignerTables _tables;

    /// <summary>An engine with an empty memory of signers.</summary>
    /// <param name="path">How it computes.</param>
    /// <param name="tablesMax">How many signers' tables are kept, 32 KiB each.</param>
    /// <param name="seed">A random number, where strangers' signatures are verified: so that they cannot make keys which are
    /// slow to look up. No answer depends on it.</param>
    /// <exception cref="PlatformNotSupportedException">The processor lacks what the path needs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public EngineVerifier(EnginePath path, int tablesMax = DefaultTablesMax, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tablesMax);
        if (!EnginePaths.IsSupported(path))
            throw new PlatformNotSupportedException($"This processor has no {path}.");
        Path = path;
        _tables = new SignerTables(tablesMax, new SeededKeyComparer(seed));
    }

    /// <summary>How this one computes.</summary>
    public EnginePath Path { get; }

    /// <summary>Memory of one signer's table, bytes.</summary>
    public static int TableBytes => CombTable.SignerBytes;

    /// <summary>Signers with a table now.</summary>
    public int Enrolled
    {
        get
        {
            lock (_gate)
                return _tables.Count;
        }
    }

    /// <summary>Builds the signer's table now, so that its first signatures are verified with it.</summary>
    public void Enrol(PublicKey signer)
    {
        lock (_gate)
        {
            if (_tables.Find(signer) is not null)
                return;
        }
        CombTable table = CombTable.ForSigner(signer);
        lock (_gate)
            _tables.Add(signer, table);
    }

    /// <inheritdoc/>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        if (checks.Length != results.Length)
            throw new ArgumentException($"{checks.Length} checks need as many results, not {results.Length}.");
        CombTable?[] tables = ArrayPool<CombTable?>.Shared.Rent(Math.Min(checks.Length, VerificationEngine.ChunkMax));
        while (!checks.IsEmpty)
        {
            int count = Math.Min(checks.Length, VerificationEngine.ChunkMax);
            FindTables(checks[..count], tables);
            VerificationEngine.Verify(Path, checks[..count], tables.AsSpan(0, count), results[..count]);
            checks = checks[count..];
            results = results[count..];
        }
        ArrayPool<CombTable?>.Shared.Return(tables, clearArray: true);
    }

    private void FindTables(ReadOnlySpan<SignatureCheck> checks, Span<CombTable?> tables)
    {
        int worthOne = -1;
        lock (_gate)
        {
            for (int i = 0; i < checks.Length; i++)
            {
                tables[i] = _tables.Find(checks[i].Signer);
                if (tables[i] is null && _tables.Sighted(checks[i].Signer) && worthOne < 0)
                    worthOne = i;
            }
        }
        // At most one table a chunk, so that many new signers at once delay nobody for long; the others stay worth one.
        if (worthOne < 0)
            return;
        PublicKey signer = checks[worthOne].Signer;
        CombTable table = CombTable.ForSigner(signer);
        for (int i = 0; i < checks.Length; i++)
        {
            if (tables[i] is null && checks[i].Signer == signer)
                tables[i] = table;
        }
        lock (_gate)
            _tables.Add(signer, table);
    }
}
