using System.Diagnostics.CodeAnalysis;

namespace GovChain.Node.Pool;

/// <summary>In whose name something waits, and which way it came.</summary>
/// <param name="Department">Whose turn it takes; empty where nobody can be named.</param>
/// <param name="Origin">Who brought it: a peer's department, or a client's address. Within a department's turn origins take turns.</param>
internal readonly record struct Sender(string Department, string Origin);

/// <summary>
/// A bounded queue in which departments take turns and, within a department, those who brought what is in its name, each in order
/// of arrival. Where it is full, whoever has most in it loses the youngest: first the department, in it the origin.
/// </summary>
/// <remarks>
/// Two levels, because the name is a claim that nobody has verified yet: what others bring in a department's name costs it a part of
/// its turns at most, and no room while its own is less than theirs (docs/PROTOCOL.md, "Fair shares"). Not safe for several threads.
/// </remarks>
internal sealed class FairQueue<T>
{
    private readonly long _costMax, _quantum;
    private readonly OrderedDictionary<string, Department> _departments = [];
    private readonly RoundRobin<Department> _turns;

    /// <summary>Nothing waits.</summary>
    /// <param name="costMax">What everything in it may cost together.</param>
    /// <param name="quantum">What a turn is worth, in the same unit; see <see cref="RoundRobin{T}"/>.</param>
    public FairQueue(long costMax, long quantum)
    {
        (_costMax, _quantum) = (costMax, quantum);
        _turns = new RoundRobin<Department>(quantum, d => _departments.Remove(d.Name));
    }

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>What they cost together.</summary>
    public long Cost { get; private set; }

    /// <summary>Takes in one more, the last of its origin; false where it would be the one to lose its place.</summary>
    /// <param name="sender">Whose it is.</param>
    /// <param name="item">It.</param>
    /// <param name="cost">1 or more.</param>
    /// <param name="pushedOut">Gets what lost its place to it.</param>
    public bool TryAdd(Sender sender, T item, long cost, ICollection<T> pushedOut)
    {
        while (Cost + cost > _costMax)
        {
            if (FindLongest(sender, cost) is not { } longest)
                return false;
            pushedOut.Add(RemoveNewest(longest.Department, longest.Origin));
        }
        if (!_departments.TryGetValue(sender.Department, out Department? department))
            _departments.Add(sender.Department, department = new Department(sender.Department, _quantum));
        Origin origin = department.OriginOf(sender.Origin);
        origin.Waiting.AddLast((item, cost));
        Count++;
        Charge(department, origin, cost);
        department.Turns.Enter(origin);
        _turns.Enter(department);
        return true;
    }

    /// <summary>Takes out the next; false where nothing waits.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (_turns.Next() is not { } department)
        {
            item = default;
            return false;
        }
        Origin origin = department.Turns.Next()!; // who waits has an origin that waits
        (item, long cost) = origin.Waiting.First!.Value;
        origin.Waiting.RemoveFirst();
        department.Turns.Pay(origin, cost);
        _turns.Pay(department, cost);
        OnRemoved(department, origin, cost);
        return true;
    }

    /// <summary>Who has most with the newcomer counted as its sender's; null if that is the sender. Of equals the sender counts as
    /// the one that has most.</summary>
    private (Department Department, Origin Origin)? FindLongest(Sender sender, long cost)
    {
        Department? own = _departments.GetValueOrDefault(sender.Department), department = own;
        long most = cost + (own?.Cost ?? 0);
        foreach (Department other in _departments.Values)
        {
            if (other != own && other.Cost > most)
                (department, most) = (other, other.Cost);
        }
        if (department is null)
            return null;
        Origin? ownOrigin = department == own ? own!.Origins.GetValueOrDefault(sender.Origin) : null, origin = ownOrigin;
        most = department == own ? cost + (ownOrigin?.Cost ?? 0) : 0;
        foreach (Origin other in department.Origins.Values)
        {
            if (other != ownOrigin && other.Cost > most)
                (origin, most) = (other, other.Cost);
        }
        return origin is null || origin == ownOrigin ? null : (department, origin);
    }

    private T RemoveNewest(Department department, Origin origin)
    {
        (T item, long cost) = origin.Waiting.Last!.Value;
        origin.Waiting.RemoveLast();
        OnRemoved(department, origin, cost);
        return item;
    }

    private void OnRemoved(Department department, Origin origin, long cost)
    {
        Count--;
        Charge(department, origin, -cost);
        if (origin.Waiting.Count == 0)
            department.Turns.Leave(origin);
        if (department.Cost == 0)
            _turns.Leave(department);
    }

    private void Charge(Department department, Origin origin, long cost)
    {
        origin.Cost += cost;
        department.Cost += cost;
        Cost += cost;
    }

    private sealed class Department : RoundRobin<Department>.Party
    {
        public Department(string name, long quantum)
        {
            Name = name;
            Turns = new RoundRobin<Origin>(quantum, o => Origins.Remove(o.Name));
        }

        public string Name { get; }

        public OrderedDictionary<string, Origin> Origins { get; } = [];

        public RoundRobin<Origin> Turns { get; }

        public long Cost { get; set; }

        public Origin OriginOf(string name)
        {
            if (!Origins.TryGetValue(name, out Origin? origin))
                Origins.Add(name, origin = new Origin(name));
            return origin;
        }
    }

    private sealed class Origin(string name) : RoundRobin<Origin>.Party
    {
        public string Name => name;

        public LinkedList<(T Item, long Cost)> Waiting { get; } = [];

        public long Cost { get; set; }
    }
}
