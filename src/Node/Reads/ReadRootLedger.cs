using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Reads;

/// <summary>The roots of read logs that a ledger has: of a data directory, or of a node, which need not be believed.</summary>
internal sealed class ReadRootLedger
{
    private readonly ILedgerView _state;
    private readonly Func<StateKey, Task> _fetch;

    private ReadRootLedger(ILedgerView state, IReadOnlyList<string> departments, Func<StateKey, Task> fetch) =>
        (_state, Departments, _fetch) = (state, departments, fetch);

    /// <summary>Every department there is or was, ascending.</summary>
    public IReadOnlyList<string> Departments { get; }

    /// <summary>Of a ledger on this machine. The view outlives this.</summary>
    public static ReadRootLedger Of(LedgerSnapshot view) => Of(
        view,
        [.. view.EnumerateStates(StateKind.Department, [], [], int.MaxValue).Select(static d => System.Text.Encoding.ASCII.GetString(d.Key.Id))]);

    /// <summary>The same of any view, whose departments are known.</summary>
    public static ReadRootLedger Of(ILedgerView view, IReadOnlyList<string> departments) => new(view, departments, static _ => Task.CompletedTask);

    /// <summary>Of a node's ledger, each value proven from the genesis on. The client outlives this.</summary>
    /// <exception cref="LedgerClientException">The node refuses, cannot be reached, or what it says is not proven.</exception>
    public static async Task<ReadRootLedger> OfAsync(LedgerClient client, Digest chainId, ISignatureVerifier signatures, CancellationToken cancellation)
    {
        ProvenState state = await ProvenState.OpenAsync(client, chainId, signatures, cancellation);
        string[] departments =
        [
            .. state.History.OfEpoch(0)!.Members.Select(static v => v.Department)
                .Concat(state.History.Changes.Select(static c => c.Department)).Distinct().Order(StringComparer.Ordinal),
        ];
        return new ReadRootLedger(state, departments, key => state.FetchAsync(client, [key], cancellation));
    }

    /// <summary>How many roots a department has posted; 0 of one that the ledger does not know.</summary>
    public async Task<ulong> CountAsync(string department) =>
        (await FindAsync<DepartmentState>(StateKey.Department(department)))?.ReadRoots ?? 0;

    /// <summary>One of them, from 1 on.</summary>
    /// <exception cref="CorruptStateException">It is not there.</exception>
    public async Task<ReadRootState> GetAsync(string department, ulong number)
    {
        StateKey key = StateKey.ReadRoot(department, number);
        return await FindAsync<ReadRootState>(key) ?? throw new CorruptStateException(key, "no value");
    }

    private async Task<T?> FindAsync<T>(StateKey key) where T : class, Google.Protobuf.IMessage<T>, new()
    {
        await _fetch(key);
        return StateValue.Read<T>(_state, key);
    }
}
