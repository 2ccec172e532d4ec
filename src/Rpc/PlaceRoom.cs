namespace GovChain.Rpc;

/// <summary>
/// Places that addresses or departments share: where one more comes than there are, whoever has most loses one. Not safe for several
/// threads.
/// </summary>
/// <remarks>Orders are unique. Finding who loses takes a look at every key, nothing else does.</remarks>
/// <param name="placesMax">1 or more.</param>
/// <param name="oldestLoses">Whoever has most loses the place of lowest order, and of several such keys the one that has the lowest;
/// otherwise the highest.</param>
internal sealed class PlaceRoom<TKey>(int placesMax, bool oldestLoses)
    where TKey : notnull
{
    private readonly Dictionary<TKey, SortedList<long, DoorPlace>> _places = [];
    private int _count;

    /// <summary>Takes one more in; gives back who lost its place to it, perhaps itself, or null.</summary>
    public DoorPlace? Add(TKey key, long order, DoorPlace place)
    {
        if (!_places.TryGetValue(key, out SortedList<long, DoorPlace>? own))
            _places.Add(key, own = new SortedList<long, DoorPlace>(1));
        own.Add(order, place);
        if (++_count <= placesMax)
            return null;
        (TKey loserKey, SortedList<long, DoorPlace> most) = (key, own);
        foreach ((TKey otherKey, SortedList<long, DoorPlace> other) in _places)
        {
            if (other.Count > most.Count || (other.Count == most.Count && LosesBefore(other, most)))
                (loserKey, most) = (otherKey, other);
        }
        (long loserOrder, DoorPlace loser) = (LosingOf(most), most[LosingOf(most)]);
        Remove(loserKey, loserOrder);
        return loser;
    }

    /// <summary>Takes one out that is in it.</summary>
    public void Remove(TKey key, long order)
    {
        SortedList<long, DoorPlace> own = _places[key];
        own.Remove(order);
        if (own.Count == 0)
            _places.Remove(key);
        _count--;
    }

    private bool LosesBefore(SortedList<long, DoorPlace> one, SortedList<long, DoorPlace> other) =>
        oldestLoses ? LosingOf(one) < LosingOf(other) : LosingOf(one) > LosingOf(other);

    private long LosingOf(SortedList<long, DoorPlace> places) => places.GetKeyAtIndex(oldestLoses ? 0 : places.Count - 1);
}
