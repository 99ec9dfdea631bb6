with

run_time as (

    select {{ as_of_instant() }} as as_of

)

-- one row: the instant this build speaks of, the only "now" of the project
select
    as_of,
    {{ latest_local_date('as_of') }} as as_of_date
from run_time
