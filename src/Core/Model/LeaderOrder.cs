namespace GovChain.Core.Model;

/// <summary>Who may lead at one height and who begins: L(h,v) = order[(b + v) mod |order|].</summary>
public sealed class LeaderOrder
{
    private readonly int[] _order;

    /// <summary>Takes the order and b.</summary>
    /// <param name="order">Indexes in the validator set, ascending; one or more.</param>
    /// <param name="first">b: where view 0 stands in the order.</param>
    /// <exception cref="ArgumentException">There is nobody, or b lies beyond the end.</exception>
    public LeaderOrder(IReadOnlyList<int> order, int first)
    {
        if (order.Count == 0 || first < 0 || first >= order.Count)
            throw new ArgumentException($"Of {order.Count} validators the one at {first} cannot begin.", nameof(first));
        _order = [.. order];
        First = first;
    }

    /// <summary>Those who may lead, as indexes in the validator set, ascending.</summary>
    public IReadOnlyList<int> Order => _order;

    /// <summary>b: the place in the order that leads view 0.</summary>
    public int First { get; }

    /// <summary>The index of the validator that leads a view.</summary>
    public int Leader(uint view) => _order[(int)(((ulong)First + view) % (ulong)_order.Length)];
}
